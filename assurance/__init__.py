"""What shows others that the product can be trusted: answers to a standard, requirements and their tests, the site."""
