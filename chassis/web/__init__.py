"""What stands on Flask: applications, answers, problems as HTTP tells them, who calls, pages of lists."""
