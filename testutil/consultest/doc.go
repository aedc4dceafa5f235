// Package consultest is the HTTP API of a Consul agent for tests, as far as
// discovery of services uses it: datacenters, registrations that change while it
// runs, ACLs, TLS.
//
// [Start] makes a [Server], [Server.SetServices] registers instances,
// [Server.Inject] makes it fail, and [Server.Requests], [Server.Count] and
// [Server.Counts] report its requests. Like the other fake servers, it takes no
// testing.TB.
package consultest
