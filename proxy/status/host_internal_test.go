package status

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

// What a browser sends for a page that it was led to is the host of the address in its bar. Any
// that is answered must be one of this machine's, also as others read it.
func FuzzHost(f *testing.F) {
	for _, host := range []string{"localhost", "LOCALHOST.:80", "127.0.0.1:1", "[::1%25lo]:2", "[::1%0]", "[::ffff:127.0.0.1]", "evil.example.com", "127.0.0.1.evil.example.com", "localhost:80@evil", "[::1", "0x7f.1", "\u212aocalhost", "ſtatus", "a:b:c", "", ".", "..", "localhost\u3002"} {
		f.Add(host)
	}
	h := New(none{}, Config{Hosts: []string{"status.example.com"}})
	f.Fuzz(func(t *testing.T, host string) {
		r := (&http.Request{Host: host, ProtoMajor: 1, ProtoMinor: 1}).WithContext(context.WithValue(context.Background(), http.LocalAddrContextKey, &net.TCPAddr{}))
		if one, ok := hostOf(host); ok {
			if again, stays := hostOf(one); !strings.Contains(one, ":") && (!stays || again != one) {
				t.Errorf("%q is %q, and that is %q", host, one, again)
			}
		}
		if !h.knownHost(r) {
			return
		}
		u, err := url.Parse("http://" + host + "/")
		if err != nil {
			t.Fatalf("%q is answered, and no host: %v", host, err)
		}
		name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		if ip, err := netip.ParseAddr(name); err == nil && ip.Unmap().IsLoopback() || name == "localhost" || name == "status.example.com" {
			return
		}
		t.Errorf("%q is answered, and its host is %q", host, name)
	})
}
