// Package slogger makes a Config.Logger of a slog.Handler:
//
//	p, err := proxy.Start(proxy.Config{Servers: servers, Logger: slogger.New(slog.Default().Handler())})
//
// It is for every Config of this module that has a Logger: those of proxy, pool, heartbeat, sidecar, and
// the discoverers. Loggers that have a slog.Handler of their own, such as zap and logr, are used through that.
//
// Lines reach the handler with their fields as values; none is written as JSON on the way. What
// is added to the zerolog.Logger (With, Hook, Sample, Level) counts as ever. The groups and
// attributes of the handler are its own matter: slog.Default().WithGroup("rpc").Handler().
//
// It is a module of its own, as each plugin is. It is under the licence of the module around it
// (MPL-2.0, LICENSE at its top).
package slogger
