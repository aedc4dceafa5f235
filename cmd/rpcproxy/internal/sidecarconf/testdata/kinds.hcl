servers {}
tls = { ca_file = "x" }
