outcome = "true"
