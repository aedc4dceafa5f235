// Package dnstest is a DNS server for tests: real packets over UDP and TCP on
// loopback, records that change while it runs, and answers that are wrong in
// every way a resolver has to expect.
//
// [Start] makes a [Server], [Server.Set] gives it records in the form of zone
// files, [Server.Inject] makes it misbehave for a name, and [Server.Resolver] is
// a net.Resolver that asks it alone. Like the other fake servers, it takes no
// testing.TB.
//
// It stands apart from package testutil because of what it needs: programs that
// start the fake servers do not link a DNS library.
package dnstest
