// Package prom shows a Proxy to Prometheus.
//
// A [Collector] is an observer for proxy.Config.Observers, and a prometheus.Collector:
//
//	metrics := prom.New(prom.Config{})
//	p, err := proxy.Start(proxy.Config{Servers: servers, Observers: []proxy.Observer{metrics}})
//	...
//	registry.MustRegister(metrics)
//
// What counts and lasts comes from observers: how long calls took, how far attempts came, how
// long failovers took. All else is read from Proxy.Snapshot when it is scraped, which
// blocks nothing.
//
// The sets of labels are bounded. The labels that name methods are those of the first methods that a
// server has answered; others are "other", so that calls of methods that do not exist take no
// place. The labels that name servers are those of the first 128. No label or name holds a token, an
// error's text, or a name that was not checked.
//
// Durations are histograms, with native buckets, where the scraper asks for these, and with
// classic ones.
//
// It is a module of its own, so that the client library of Prometheus reaches only who wants
// it. It is under the licence of the module around it (MPL-2.0, LICENSE at its top).
package prom
