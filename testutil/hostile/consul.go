package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
)

// registered is an agent that finds its servers in Consul.
func registered(t target) (*agent, error) {
	d, err := consul.New(consul.Config{Address: t.Addr, RequestTimeout: time.Second})
	if err != nil {
		return nil, err
	}
	return discovers(proxy.Config{Discoverer: d})
}

// catalogue is an attack by a Consul of one datacenter, which answers with write when it
// is asked for servers, and if both is set for datacenters as well.
func catalogue(both bool, write http.HandlerFunc) attack {
	return func(*stage) (target, error) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return target{}, err
		}
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // until the process ends
				if !both && strings.HasSuffix(r.URL.Path, "/datacenters") {
					_, _ = io.WriteString(w, `["dc1"]`)
					return
				}
				write(w, r)
			}))
		}()
		return target{Addr: l.Addr().String()}, nil
	}
}

// entry is an instance of a service, as both paths have it.
func entry(address string, port any) string {
	return fmt.Sprintf(`{"Address":%q,"ServicePort":%v,"Node":{"Address":%q},"Service":{"Address":%q,"Port":%v},"Checks":[]}`, address, port, address, address, port)
}

// consulScenarios is the answers of Consul.
func consulScenarios() []scenario {
	body := func(parts ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, text := range parts {
				_, _ = io.WriteString(w, text) // until nobody reads it
			}
		}
	}
	repeats := func(before, text string, n int, after string) http.HandlerFunc { // made when it is asked for
		return func(w http.ResponseWriter, r *http.Request) { body(before, strings.Repeat(text, n), after)(w, r) }
	}
	pours := func(text string, n int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			text := strings.Repeat(text, max(1, 32<<10/len(text)))
			for range n/len(text) + 1 {
				if _, err := io.WriteString(w, text); err != nil {
					return
				}
			}
		}
	}
	status := func(code int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
	}
	const gibi = 1 << 30
	var list []scenario
	for _, c := range []struct {
		name  string
		short bool
		write http.HandlerFunc
	}{
		{"1 GiB of blanks", true, pours(" ", gibi)},
		{"1 GiB of text", false, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `"`); pours("x", gibi)(w, r) }},
		{"1 GiB of nulls", false, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "[")
			pours("null,", gibi)(w, r)
		}},
		{"1 GiB of zeros", false, pours("\x00", gibi)},
		{"a bomb of gzip", true, bomb(gibi)},
		{"a bomb of gzip in gzip", false, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip, gzip")
			bomb(gibi)(w, r)
		}},
		{"what is no gzip, though it says so", false, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			body("[]")(w, r)
		}},
		{"1,000,000 entries", true, repeats("[", entry("127.0.0.9", 4647)+",", 200_000, "{}]")},
		{"30,000 entries", false, repeats("[", entry("127.0.0.9", 4647)+",", 30_000, "{}]")},
		{"1,000,000 nulls", true, repeats("[", "null,", 1_000_000, "null]")},
		{"1,000,000 empty entries", false, repeats("[", "{},", 1_000_000, "{}]")},
		{"1,000,000 empty lists", false, repeats("[", "[],", 1_000_000, "[]]")},
		{"1,000,000 texts", false, repeats("[", `"",`, 1_000_000, `""]`)},
		{"an entry of 1,000,000 fields", false, repeats("[{", `"a":1,`, 500_000, `"b":2}]`)},
		{"an entry of 100,000 checks", false, repeats(`[{"Checks":[`, `null,`, 700_000, `null]}]`)},
		{"an entry of 1,000,000 tags", false, repeats(`[{"Service":{"Tags":[`, `"",`, 1_000_000, `""]}}]`)},
		{"deep lists", true, repeats("", "[", 3<<20, "")},
		{"deep objects", false, repeats("", `{"a":`, 600_000, "")},
		{"deep fields of an entry", false, body(`[{"Service":{"Meta":` + strings.Repeat(`{"a":`, 9_000) + strings.Repeat("}", 9_000) + `}}]`)},
		{"an object", false, body(`{"a":1}`)},
		{"a number", false, body("7")},
		{"null", false, body("null")},
		{"nothing", false, body("")},
		{"half an answer", false, body(`[{"Address":"127.0`)},
		{"two answers", false, body("[][]")},
		{"HTML", true, body("<html><body>login</body></html>")},
		{"wrong types", true, body(`[{"Address":7,"ServicePort":"x","Node":[],"Service":"y","Checks":{}}]`)},
		{"ports that are none", false, body("[" + entry("127.0.0.9", -4) + "," + entry("127.0.0.9", 0) + "," + entry("127.0.0.9", 99999999) + "]")},
		{"a port with an exponent", false, body("[" + entry("127.0.0.9", "1e99") + "]")},
		{"addresses of control characters", true, body(`[{"Address":"\u001b[2J\n","ServicePort":4647,"Node":{"Address":"\u001b[2J\n"},"Service":{"Address":"\u202e\u0000","Port":4647}}]`)},
		{"an address of 3 MiB", false, repeats(`[{"Address":"`, "x", mebi, `","ServicePort":4647}]`)},
		{"addresses that lead elsewhere", false, body("[" + entry("../../etc/passwd", 4647) + "," + entry("a@b", 4647) + "," + entry("http://127.0.0.9", 4647) + "," + entry("0.0.0.0", 4647) + "]")},
		{"text that is not UTF-8", false, body("[\"\xff\xfe\x80\"]")},
		{"an error of 1 GiB", true, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); pours("no ", gibi)(w, r) }},
		{"an error of control characters", false, status(500, "\x1b[2J\x1b]0;owned\a")},
		{"not found", false, status(404, "no")},
		{"permission denied", false, status(403, "Permission denied")},
		{"too many requests", false, status(429, "no")},
		{"redirected to itself", true, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }},
		{"redirected without end", false, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path+"x", http.StatusTemporaryRedirect)
		}},
		{"redirected to a file", false, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///dev/zero")
			w.WriteHeader(302)
		}},
		{"1,000 headers", false, func(w http.ResponseWriter, _ *http.Request) {
			for i := range 1000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("y", 1000))
			}
			_, _ = io.WriteString(w, "[]")
		}},
		{"a header of 1 MiB", true, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("y", mebi))
			_, _ = io.WriteString(w, "[]")
		}},
		{"trickles", true, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush() // one that has gone ends the context
				select {
				case <-r.Context().Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		}},
		{"silence", false, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		list = append(list, scenario{name: c.name, short: c.short, attack: catalogue(false, c.write)},
			scenario{name: "everywhere " + c.name, attack: catalogue(true, c.write)})
	}
	return append(list, consulByHand()...)
}

// consulByHand is answers that no HTTP server makes.
func consulByHand() []scenario {
	var list []scenario
	for _, c := range []struct {
		name            string
		beginning, more string
	}{
		{"headers without end", "HTTP/1.1 200 OK\r\n", "X-More: y\r\n"},
		{"one header without end", "HTTP/1.1 200 OK\r\nX-More: ", "y"},
		{"a status line without end", "HTTP/1.1 200 ", "y"},
		{"interim answers without end", "", "HTTP/1.1 100 Continue\r\n\r\n"},
		{"early hints without end", "", "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"},
		{"chunks of a byte without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n"},
		{"a chunk of 2^60 bytes", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", " "},
		{"extensions of a chunk without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a=b;"},
		{"trailers without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n", "X-More: y\r\n"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]", "x"},
		{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[]", "x"},
		{"a length of 2^62", "HTTP/1.1 200 OK\r\nContent-Length: 4611686018427387904\r\n\r\n", " "},
		{"no HTTP", "SSH-2.0-x\r\n", "x"},
	} {
		list = append(list, scenario{name: c.name, short: c.name == "headers without end", attack: byHand(func(s *stage, conn net.Conn) {
			if _, err := conn.Read(make([]byte, 16<<10)); err != nil || !write(conn, []byte(c.beginning)) {
				return
			}
			more := many(max(1, 32<<10/len(c.more)), []byte(c.more)...)
			for write(conn, more) && s.spend(int64(len(more)), 256*mebi) {
			}
		})})
	}
	return list
}

// bomb is n blanks, made small.
func bomb(n int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.CopyN(z, blanks{}, n) // until nobody reads it
		_ = z.Close()
	}
}

// blanks is blanks without end.
type blanks struct{}

func (blanks) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}
