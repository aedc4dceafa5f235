module github.com/open-nomad/rpcproxy/proxy/plugin/gometrics

go 1.26.0

replace github.com/open-nomad/rpcproxy => ../../..

require (
	github.com/hashicorp/go-metrics v0.7.0
	github.com/open-nomad/rpcproxy v0.1.0
)

require (
	github.com/hashicorp/go-immutable-radix v1.3.1 // indirect
	github.com/hashicorp/go-msgpack/v2 v2.1.5 // indirect
	github.com/hashicorp/golang-lru v1.0.2 // indirect
	github.com/hashicorp/yamux v0.1.2 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.22 // indirect
	github.com/rs/zerolog v1.35.1 // indirect
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
