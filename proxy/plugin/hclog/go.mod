module github.com/open-nomad/rpcproxy/proxy/plugin/hclog

go 1.26.0

require (
	github.com/hashicorp/go-hclog v1.6.3
	github.com/open-nomad/rpcproxy v0.1.0
	github.com/rs/zerolog v1.35.1
)

require (
	github.com/fatih/color v1.19.0 // indirect
	github.com/hashicorp/go-msgpack/v2 v2.1.5 // indirect
	github.com/hashicorp/yamux v0.1.2 // indirect
	github.com/mattn/go-colorable v0.1.15 // indirect
	github.com/mattn/go-isatty v0.0.22 // indirect
	go.uber.org/goleak v1.3.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/open-nomad/rpcproxy => ../../..
