# The Nomad agent behind a sidecar: its servers are the sidecar, and nothing else.
data_dir = "/opt/nomad/data"

client {
  enabled = true
  servers = ["127.0.0.1:4746"]

  # No server_join here: it would name servers besides the sidecar.
}

consul {
  # Otherwise the agent finds the servers in Consul, and goes there by itself.
  client_auto_join = false
}

# If the cluster speaks TLS and the sidecar has no certificate to show to agents, the way
# between agent and sidecar is plain TCP on loopback:
#
# tls {
#   http = true
#   rpc  = false
# }
