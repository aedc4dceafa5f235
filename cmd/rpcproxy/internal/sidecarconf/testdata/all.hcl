# Every setting.
listen        = ["127.0.0.1:4746", "[::1]:4746"]
advertise     = "127.0.0.1:4746"
servers       = ["10.0.0.1 ", "nomad.example.com:4647", "[2001:db8::1]:4747"]
region        = "mars"
datacenter    = "dc2"
state_file    = "state"
drain_timeout = "1m30s"
max_conns     = 77
status        = "127.0.0.1:4748"
log_level     = "WARN"
log_format    = "text"

tls {
  ca_file                = "ca.pem"
  cert_file              = "cert.pem"
  key_file               = "key.pem"
  server_name            = "nomad"
  verify_server_hostname = false
  tls_min_version        = "tls13"
  tls_cipher_suites      = ["TLS_AES_128_GCM_SHA256"]
}

agents {
  cert_file            = "agent.pem"
  key_file             = "agent-key.pem"
  client_ca_file       = "agents.pem"
  allow_uid            = ["root", 991, "992"]
  allow_any_local_user = true
  allow_remote         = true
}

discover {
  dns {
    names     = ["a.example.com"]
    services  = ["b.example.com"]
    resolvers = ["10.0.0.53"]
    port      = 4700
  }
  consul {
    enabled     = true
    address     = "127.0.0.1:8501"
    token_file  = "token"
    ca_file     = "consul-ca.pem"
    cert_file   = "consul.pem"
    key_file    = "consul-key.pem"
    server_name = "consul"
    datacenter  = "dc3"
    service     = "nomad-servers"
    tag         = "tcp"
  }
}
