// Package hclogger makes a Config.Logger of a logger of go-hclog, which Nomad's own code logs with:
//
//	p, err := proxy.Start(proxy.Config{Servers: servers, Logger: hclogger.New(logger.Named("rpcproxy"))})
//
// It is for every Config of this module that has a Logger: those of proxy, pool, heartbeat, sidecar, and
// the discoverers.
//
// Lines reach the logger with their fields as pairs of names and values; none is written as JSON on
// the way. What is added to the zerolog.Logger (With, Hook, Sample, Level) counts as ever. Names
// (Named) and pairs (With) of the hclog.Logger are its own matter.
//
// It is a module of its own, so that go-hclog reaches only who wants it. It is under the licence of
// the module around it (MPL-2.0, LICENSE at its top).
package hclogger
