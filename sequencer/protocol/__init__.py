"""What passes between the runner and the test process, and what a start asks for."""
