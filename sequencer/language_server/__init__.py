"""What an editor asks while somebody writes a sequence: problems, completion, what a name is and where it is used."""
