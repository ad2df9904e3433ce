"""What is played: plans, the world they happen in, and the lives of the program in it."""
