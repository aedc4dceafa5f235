server  = ["10.0.0.1"]
ca_file = "ca.pem"
tsl {
  ca_file = "ca.pem"
}
tls {
  cafile = "ca.pem"
  colour = "blue"
}
discover {
  consul {
    adress = "x"
  }
  zookeeper {}
}
servers {}
