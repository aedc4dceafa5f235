module github.com/open-nomad/rpcproxy/.ci/apidiff

go 1.26.0

require golang.org/x/exp v0.0.0-20260218203240-3dfff04db8fa

require golang.org/x/tools v0.42.0 // indirect
