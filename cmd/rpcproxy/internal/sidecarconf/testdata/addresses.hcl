listen  = ["10.0.0.7:4746", "localhost", "nomad.example.com:4746", "127.0.0.1:4746"]
servers = ["127.0.0.1:4746"]
advertise = "0.0.0.0:4746"
