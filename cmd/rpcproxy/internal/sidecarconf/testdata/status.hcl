servers = ["10.0.0.1"]
status  = "10.0.0.7:4748"
