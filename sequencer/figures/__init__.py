"""What is counted and plotted of stored runs: a columnar copy of the store that can always be made again."""
