# The configuration of the sidecar. Every setting has a flag and a variable too, which count
# before this file: see rpcproxy sidecar --help. After a change: systemctl reload rpcproxy.

# The cluster's servers. A name is resolved anew for each connection.
servers = ["10.0.0.1", "10.0.0.2", "10.0.0.3:4647"]

region = "global"
# datacenter = "dc1" # prefer its servers

# Without systemd's socket unit it listens here.
# listen = ["127.0.0.1:4746"]

# Keeps the servers that work over a restart, in case those above are gone by then.
state_file = "/var/lib/rpcproxy/servers"

# TLS towards the servers, as in the agent's own configuration. The files are looked at
# every 10 seconds, so a renewed certificate needs no reload.
# tls {
#   ca_file   = "/etc/rpcproxy/tls/nomad-agent-ca.pem"
#   cert_file = "/etc/rpcproxy/tls/global-client-nomad.pem"
#   key_file  = "/etc/rpcproxy/tls/global-client-nomad-key.pem"
# }

# agents {
#   # Users who may connect besides root and rpcproxy. The Nomad client usually is root.
#   allow_uid = ["nomad"]
#
#   # TLS towards the agent, if it has tls { rpc = true }. The certificate must be for
#   # server.global.nomad if the agent has verify_server_hostname = true.
#   cert_file = "/etc/rpcproxy/tls/global-server-nomad.pem"
#   key_file  = "/etc/rpcproxy/tls/global-server-nomad-key.pem"
#
#   # Require a certificate for client.global.nomad of agents. It takes the place of the
#   # look at the user.
#   client_ca_file = "/etc/rpcproxy/tls/nomad-agent-ca.pem"
# }

# Where to look when none of the servers answers.
# discover {
#   dns {
#     names = ["_nomad-rpc._tcp.example.com"]
#   }
#   consul {
#     enabled    = true
#     token_file = "/etc/rpcproxy/consul-token"
#   }
# }

# A page with servers, sessions and decisions, a health check, and an archive for reports. Nobody is
# asked for a password: it takes a loopback address, or unix:/run/rpcproxy/status for a socket
# that is for this user and group.
# status = "127.0.0.1:4748"

log_level = "info"
