"""What is said of a submission and of a class, in every form."""
