// Package daemon runs the sidecar as a service: it takes over the sockets of the service
// manager, tells it when agents are served, reads the configuration anew when it is told to,
// and ends without cutting off what is under way.
//
//   - daemon.go starts, waits and stops.
//   - reload.go puts another configuration into force.
//   - listeners.go has the sockets that systemd hands over, systemd.go what it is told.
//   - page.go shows it over HTTP.
//   - refusals.go logs who was refused, each user once.
package daemon
