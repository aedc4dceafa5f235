max_conns     = 0
drain_timeout = "2h"

tls {
  cert_file = "cert.pem"
}
agents {
  client_ca_file = "ca.pem"
}
discover {
  dns {
    port      = 70000
    resolvers = ["10.0.0.53"]
  }
  consul {
    address = "127.0.0.1:8500"
  }
}
