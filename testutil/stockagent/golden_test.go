package stockagent

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"slices"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil"
)

// recordedConn notes what an agent writes. It is read when the agent has stopped.
type recordedConn struct {
	net.Conn
	out []byte
}

func (r *recordedConn) Write(b []byte) (int, error) {
	r.out = append(r.out, b...)
	return r.Conn.Write(b)
}

// sent is one thing that an agent sent: a flag, a mode byte or a value, as text, and for
// the body of a request its fields.
type sent struct {
	text   string
	method string
	body   map[string]any
}

// sentBy reads what an agent wrote: the byte in front, and frames, up to the request with
// that number. Pings are left out.
func sentBy(t *testing.T, out []byte, last uint64) (all []sent) {
	t.Helper()
	all = append(all, sent{text: fmt.Sprintf("leading byte %x", out[0])})
	began := map[uint32]bool{}
	for out = out[1:]; len(out) >= headLength; {
		flags, stream, length := binary.BigEndian.Uint16(out[2:]), binary.BigEndian.Uint32(out[4:]), binary.BigEndian.Uint32(out[8:])
		kind := out[1]
		if out = out[headLength:]; kind != frameData {
			if stream != 0 {
				all = append(all, sent{text: fmt.Sprintf("stream %d: flags %d", stream, flags)})
			}
			continue
		}
		data := out[:length]
		out = out[length:]
		if !began[stream] {
			began[stream] = true
			all = append(all, sent{text: fmt.Sprintf("stream %d: mode %x", stream, data)})
			continue
		}
		d := codec.NewDecoderBytes(data, handle)
		var h requestHeader
		var body map[string]any
		if d.Decode(&h) != nil || d.Decode(&body) != nil || d.NumBytesRead() != len(data) {
			t.Fatalf("stream %d: %x is no request", stream, data)
		}
		all = append(all, sent{text: fmt.Sprintf("stream %d: request %d %s", stream, h.Seq, h.ServiceMethod), method: h.ServiceMethod, body: body})
		if h.Seq == last {
			break
		}
	}
	return all
}

// ownFields are those in which agents differ.
var ownFields = []string{"ID", "SecretID", "Name", "Datacenter", "NodeID", "AuthToken", "Region"}

// differ lists the fields that are not as recorded.
func differ(path string, want, got any) (all []string) {
	w, isMap := want.(map[string]any)
	g, _ := got.(map[string]any)
	if !isMap {
		if fmt.Sprint(want) != fmt.Sprint(got) {
			all = append(all, fmt.Sprintf("%s: %v, want %v", path, got, want))
		}
		return all
	}
	if a, b := slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g)); !slices.Equal(a, b) {
		all = append(all, fmt.Sprintf("%s: keys %v, want %v", path, b, a))
	}
	for k, v := range w {
		if !slices.Contains(ownFields, k) {
			all = append(all, differ(path+"."+k, v, g[k])...)
		}
	}
	return all
}

func TestAnAgentSendsWhatARealOneDidInTheOrderInWhichItDid(t *testing.T) {
	const requests = 7 // up to the heartbeat behind the second registration
	c := startCluster(t, 1, rarely)
	conns := make(chan *recordedConn, 8)
	a := startAgent(t, c, Config{Dial: func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		r := &recordedConn{Conn: conn}
		conns <- r
		return r, nil
	}})
	a.settled(t)
	if err := a.Register(within(t)); err != nil {
		t.Fatal(err)
	}
	a.until(t, "the heartbeat behind it", func(s Stats) bool { return s.Heartbeats == 2 })
	stop(t, a)
	if len(conns) != 1 {
		t.Fatalf("%d connections", len(conns))
	}
	tr, err := testutil.LoadGolden("real_client_agent")
	if err != nil {
		t.Fatal(err)
	}
	got, want := sentBy(t, (<-conns).out, requests), sentBy(t, tr.ClientToServer, requests)
	compared := map[string]bool{}
	for i, w := range want {
		if i >= len(got) || got[i].text != w.text {
			t.Fatalf("number %d is %+v, recorded is %s", i, got[min(i, len(got)-1)], w.text)
		}
		if !compared[w.method] { // a second registration has other attributes
			compared[w.method] = true
			for _, d := range differ(w.text, w.body, got[i].body) {
				t.Error(d)
			}
		}
	}
	if len(got) != len(want) || len(compared) != 1+4 { // and what is no request
		t.Errorf("%d sent, recorded are %d; methods %v", len(got), len(want), compared)
	}
}
