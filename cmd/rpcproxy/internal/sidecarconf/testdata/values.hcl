servers       = "10.0.0.1"
listen        = [["127.0.0.1:4746"]]
region        = ["global"]
drain_timeout = "10"
max_conns     = 1.5
log_level     = "loud"
log_format    = "xml"
datacenter    = local.dc
advertise     = { host = "a" }

tls {
  tls_min_version        = "1.1"
  verify_server_hostname = "perhaps"
  tls_cipher_suites      = ["TLS_RSA_WITH_RC4_128_SHA"]
}
tls {
  ca_file = "ca.pem"
}

agents {
  allow_uid = ["nobody-of-that-name", -1]
}
