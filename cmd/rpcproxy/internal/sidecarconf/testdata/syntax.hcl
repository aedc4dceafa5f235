servers = ["10.0.0.1"
region = "a"
