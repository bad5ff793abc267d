"""What every service stands on; knows no business word but how an enterprise is addressed."""
