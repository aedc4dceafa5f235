package pool_test

import (
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestANameNeverLeadsToAnAddressThatNoServerHas(t *testing.T) {
	n := startDNS(t)
	s := startServer(t)
	p := newPool(t, pool.Config{Resolver: n.Resolver()})
	for _, c := range []struct {
		ips  []string
		says string
	}{
		{[]string{"0.0.0.0"}, "unspecified"},
		{[]string{"0.1.2.3"}, "0.0.0.0/8"},
		{[]string{"::"}, "unspecified"},
		{[]string{"224.0.0.1", "0.0.0.0"}, "multicast"},
		{[]string{"ff02::1"}, "multicast"},
		{[]string{"255.255.255.255"}, "broadcast"},
		{[]string{"169.254.169.254"}, "metadata"},
		{[]string{"fd00:ec2::254"}, "metadata"},
		{[]string{"169.254.170.2", "0.0.0.0"}, "metadata"},
	} {
		n.points(c.ips...)
		other := newPool(t, pool.Config{Resolver: n.Resolver()})
		_, err := other.Ping(within(t), at(s.Addr()))
		failed(t, err, pool.PhaseDial, pool.NotSent, nil)
		if e := as[*pool.AddrRefusedError](t, err); e.Host != "nomad.test." || !strings.Contains(e.Reason, c.says) || !strings.Contains(err.Error(), e.IP.String()) {
			t.Errorf("%v: %+v: %v", c.ips, e, err)
		}
	}

	// Among others, such an address is passed over.
	n.points("0.0.0.0", "169.254.169.254", "127.0.0.1", "224.0.0.1")
	ping(t, p, at(s.Addr()))

	// And where the name led to a server before, that one stays.
	n.points("0.0.0.0")
	s.Kill()
	noError(t, s.Restart())
	ping(t, p, at(s.Addr()))
}

func TestAnAddressThatNoServerHasIsNotDialed(t *testing.T) {
	p := newPool(t, pool.Config{})
	for _, addr := range []string{"0.0.0.0:4647", "[::]:4647", "[::ffff:0.0.0.0]:4647", "224.0.0.1:4647", "[ff02::1%lo]:4647", "255.255.255.255:4647"} {
		_, err := p.Ping(within(t), addr)
		failed(t, err, pool.PhaseDial, pool.NotSent, nil)
		if e := as[*pool.AddrRefusedError](t, err); e.Host != "" || e.Reason == "" {
			t.Errorf("%s: %+v", addr, e)
		}
	}
}
