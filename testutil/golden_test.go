package testutil

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func load(tb testing.TB, name string) *Transcript {
	tb.Helper()
	t, err := LoadGolden(name)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// play sends a recorded request, byte for byte unless body is given, and
// returns the raw header and body of the answer.
func (s *rpcStream) play(e Exchange, body any) (header, reply []byte) {
	s.tb.Helper()
	_ = s.SetDeadline(time.Now().Add(patience))
	out := bytes.Clone(e.RequestHeader)
	if body == nil {
		out = append(out, e.RequestBody...)
	} else {
		var err error
		if out, err = encode(out, body); err != nil {
			s.tb.Fatal(err)
		}
	}
	if _, err := s.Write(out); err != nil {
		s.tb.Fatal(err)
	}
	header, err := readValue(s.r)
	if err != nil {
		s.tb.Fatalf("%s: no header: %v", e.Method, err)
	}
	if reply, err = readValue(s.r); err != nil {
		s.tb.Fatalf("%s: no body: %v", e.Method, err)
	}
	return header, reply
}

// shapeOf lists the paths of all map keys with the kind of what is there.
func shapeOf(v any) string {
	var lines []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			lines = append(lines, path+" map")
			for _, k := range slices.Sorted(maps.Keys(v)) {
				walk(path+"."+k, v[k])
			}
		case []any:
			lines = append(lines, path+" list")
			if len(v) > 0 {
				walk(path+"[]", v[0])
			}
		case string:
			lines = append(lines, path+" string")
		case bool:
			lines = append(lines, path+" bool")
		case nil:
			lines = append(lines, path+" nil")
		default:
			lines = append(lines, path+" number")
		}
	}
	walk("reply", v)
	return strings.Join(lines, "\n")
}

func decoded(tb testing.TB, raw []byte) any {
	tb.Helper()
	var v any
	if err := decode(raw, &v); err != nil {
		tb.Fatal(err)
	}
	b, err := json.Marshal(v) // numbers become what the transcript has
	if err != nil {
		tb.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		tb.Fatal(err)
	}
	return out
}

func compare(tb testing.TB, e Exchange, header, reply []byte) {
	tb.Helper()
	if !bytes.Equal(header, e.ResponseHeader) {
		tb.Errorf("%s: header is\n%x, recorded was\n%x", e.Method, header, e.ResponseHeader)
	}
	if got, want := shapeOf(decoded(tb, reply)), shapeOf(e.ResponseValue); got != want {
		tb.Errorf("%s: the reply has the shape\n%s\nrecorded was\n%s", e.Method, got, want)
	}
}

func TestStatusRepliesAreAsRecorded(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	stream := dial(t, cluster.Leader()).open(modeRPC)
	exchanges := load(t, "ping").Exchanges()
	if len(exchanges) != 4 {
		t.Fatalf("the transcript has %d exchanges", len(exchanges))
	}
	for _, e := range exchanges {
		header, reply := stream.play(e, nil)
		compare(t, e, header, reply)
	}
}

func TestHeartbeatRepliesAreAsRecorded(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	stream := dial(t, cluster.Leader()).open(modeRPC)
	var identity any
	exchanges := load(t, "register_heartbeat").Exchanges()
	if len(exchanges) != 5 {
		t.Fatalf("the transcript has %d exchanges", len(exchanges))
	}
	for _, e := range exchanges {
		request := maps.Clone(e.RequestValue.(map[string]any))
		if token, _ := request["AuthToken"].(string); len(token) > 100 {
			request["AuthToken"] = identity // that of the recording was signed by another cluster
		}
		for name, v := range request {
			if number, ok := v.(float64); ok { // JSON has no integers
				request[name] = int64(number)
			}
		}
		request["MaxQueryTime"] = 1
		header, reply := stream.play(e, request)
		compare(t, e, header, reply)
		fields := decoded(t, reply).(map[string]any)
		if id := fields["SignedIdentity"]; id != nil {
			identity = id
		}
		recorded := e.ResponseValue.(map[string]any)
		if ttl, ok := fields["HeartbeatTTL"].(float64); ok && (ttl < 10e9 || ttl > 20e9) {
			t.Errorf("%s: TTL of %v ns", e.Method, ttl)
		}
		if got, want := fields["Index"] == 0.0, recorded["Index"] == 0.0; got != want {
			t.Errorf("%s: Index is %v, recorded was %v", e.Method, fields["Index"], recorded["Index"])
		}
	}
}

func TestErrorsAndWhatFollowsThemAreAsRecorded(t *testing.T) {
	c := dial(t, start(t, ServerConfig{}).Addr())
	streams := map[uint32]*rpcStream{}
	last := map[uint32]string{}
	for _, e := range load(t, "unknown_method").Exchanges() {
		if streams[e.Stream] == nil {
			streams[e.Stream] = c.open(modeRPC)
		}
		header, reply := streams[e.Stream].play(e, nil)
		compare(t, e, header, reply)
		last[e.Stream] = e.Error
	}
	if len(streams) != 4 {
		t.Fatalf("the transcript has %d streams", len(streams))
	}
	for id, s := range streams {
		if last[id] == "" {
			continue // it ended with a ping that went well
		}
		if err := s.ended(); err != nil {
			t.Errorf("after %q: %v", last[id], err)
		}
	}
}

func TestAFollowersErrorsAreAsRecorded(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{})
	stream := dial(t, cluster.Server(1).Addr()).open(modeRPC)
	exchanges := load(t, "follower_errors").Exchanges()
	if len(exchanges) != 5 {
		t.Fatalf("the transcript has %d exchanges", len(exchanges))
	}
	for _, e := range exchanges {
		header, reply := stream.play(e, nil)
		compare(t, e, header, reply)
	}
}

func TestASurvivorWithoutQuorumAnswersAsRecorded(t *testing.T) {
	cluster := startCluster(t, ClusterConfig{Server: ServerConfig{RPCHoldTimeout: time.Millisecond}})
	cluster.Kill(0)
	cluster.Kill(1)
	stream := dial(t, cluster.Server(2).Addr()).open(modeRPC)
	played := 0
	for _, e := range load(t, "no_leader").Exchanges() {
		if e.Method == "Node.GetNode" || e.Method == "Status.RaftStats" {
			continue // this server has no such methods
		}
		header, reply := stream.play(e, nil)
		compare(t, e, header, reply)
		played++
	}
	if played < 6 {
		t.Fatalf("only %d requests were played", played)
	}
}

func TestAnUnknownStreamModeEndsTheWholeConnectionAsRecorded(t *testing.T) {
	c := dial(t, start(t, ServerConfig{}).Addr())
	good := c.open(modeRPC)
	e := load(t, "bad_mode_byte").Exchanges()[0]
	header, reply := good.play(e, nil)
	compare(t, e, header, reply)
	bad, err := c.session.OpenStream()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = bad.Write([]byte{0x09}) // the server may hang up before the write is through
	if _, err := good.r.ReadByte(); err != io.EOF {
		t.Errorf("the other stream: %v", err)
	}
	select {
	case <-c.session.CloseChan():
	case <-time.After(patience):
		t.Error("the connection stays open")
	}
}

func TestAnUnknownStreamingMethodIsRefusedAsRecorded(t *testing.T) {
	recorded := load(t, "streaming_open").Streams[0]
	s := dial(t, start(t, ServerConfig{}).Addr()).open(modeStreaming)
	if _, err := s.Write(recorded.ClientToServer[1:]); err != nil {
		t.Fatal(err)
	}
	_ = s.SetDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(s.r)
	if err != nil || !bytes.Equal(got, recorded.ServerToClient) {
		t.Errorf("got %x (%v), recorded was %x", got, err, recorded.ServerToClient)
	}
}

func TestAllTranscriptsLoadAndAMissingOneIsNamed(t *testing.T) {
	names := GoldenNames()
	if len(names) < 11 {
		t.Errorf("only %v", names)
	}
	for _, name := range names {
		tr := load(t, name)
		if tr.Name != name || len(tr.Streams) == 0 || len(tr.Frames) == 0 || len(tr.ClientToServer) == 0 {
			t.Errorf("%s is incomplete", name)
		}
	}
	if _, err := LoadGolden("pong"); err == nil || !strings.Contains(err.Error(), `"pong"`) {
		t.Errorf("the error is %v", err)
	}
}
