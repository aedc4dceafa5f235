package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// picture is everything that a view has.
func picture(v *messages.View) string {
	var b strings.Builder
	front, some := v.Active()
	fmt.Fprintf(&b, "epoch %d, active %v %v, %d nodes, leader %q, addrs %q:",
		v.Epoch(), front, some, v.NumNodes(), v.LeaderAddr(), v.Addrs())
	for r := range v.Ranking() {
		fmt.Fprintf(&b, " %v(%v,%v)", r.Server, r.Role, r.Health)
	}
	return b.String()
}

// sameOrder reports whether two views rank the same servers in the same order, with
// the same one in front. That one may be known to answer in only one of them.
func sameOrder(a, b *messages.View) bool {
	frontA, _ := a.Active()
	frontB, _ := b.Active()
	return frontA == frontB && slices.Equal(a.Addrs(), b.Addrs())
}

// shown fails the test unless p's ranking is addrs, in this order.
func shown(t testing.TB, p *proxy.Proxy, addrs ...string) {
	t.Helper()
	if got := p.ServerRPCAddrs(); !slices.Equal(got, addrs) {
		t.Fatalf("the ranking is %q, want %q", got, addrs)
	}
}

// holds fails the test unless p's servers are addrs, in whatever order.
func holds(t testing.TB, p *proxy.Proxy, addrs ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(p.ServerRPCAddrs()))
	if !slices.Equal(got, slices.Sorted(slices.Values(addrs))) {
		t.Fatalf("the servers are %q, want %q", got, addrs)
	}
}

// roles are the addresses of one class, in their order.
func roles(v *messages.View, role messages.Role) (addrs []string) {
	for r := range v.Ranking() {
		if r.Role == role {
			addrs = append(addrs, r.Server.Addr)
		}
	}
	return addrs
}
