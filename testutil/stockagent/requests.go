package stockagent

import (
	"fmt"
	"maps"
	"reflect"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil"
)

// The methods that agents call by themselves.
const (
	methodPing     = "Status.Ping"
	methodRegister = "Node.Register"
	methodStatus   = "Node.UpdateStatus"
	methodAllocs   = "Node.GetClientAllocs"
)

// handle encodes and decodes. It is not changed once it is built.
var handle = newHandle()

func newHandle() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString = true
	h.MapType = reflect.TypeFor[map[string]any]()
	h.TimeNotBuiltin = true
	h.TypeInfos = codec.NewTypeInfos([]string{"codec"}) // not those of JSON
	return h
}

// nodeReply has the fields that are read of the answer to a registration or a heartbeat.
type nodeReply struct {
	Servers        []testutil.ServerInfo
	NumNodes       int
	LeaderRPCAddr  string
	HeartbeatTTL   time.Duration
	SignedIdentity *string
}

type allocsReply struct{ Index uint64 }

// body is the arguments of a request, as a map.
type body map[string]any

// forms makes the agent's own requests out of recorded ones.
type forms struct {
	cfg      Config
	recorded map[string]body // by method; never changed
}

// newForms reads the recording. The error says what it lacks.
func newForms(cfg Config) (forms, error) {
	const recording = "real_client_agent"
	f := forms{cfg: cfg, recorded: map[string]body{}}
	transcript, err := testutil.LoadGolden(recording)
	if err != nil {
		return f, err
	}
	for _, e := range transcript.Exchanges() {
		if f.recorded[e.Method] != nil {
			continue
		}
		var b map[string]any
		if err := codec.NewDecoderBytes(e.RequestBody, handle).Decode(&b); err != nil {
			return f, fmt.Errorf("stockagent: %s of recording %q: %w", e.Method, recording, err)
		}
		f.recorded[e.Method] = b
	}
	for _, method := range []string{methodPing, methodRegister, methodStatus, methodAllocs} {
		if f.recorded[method] == nil {
			return f, fmt.Errorf("stockagent: recording %q has no %s", recording, method)
		}
	}
	return f, nil
}

// with is the recorded request with some fields replaced.
func (f forms) with(method string, fields body) body {
	b := maps.Clone(f.recorded[method])
	maps.Copy(b, fields)
	return b
}

func (f forms) ping() body { return f.with(methodPing, body{"AuthToken": f.cfg.SecretID}) }

func (f forms) register(token string) body {
	node, _ := f.recorded[methodRegister]["Node"].(map[string]any)
	node = maps.Clone(node)
	maps.Copy(node, body{
		"ID": f.cfg.NodeID, "SecretID": f.cfg.SecretID, "Name": f.cfg.Name, "Datacenter": f.cfg.Datacenter,
	})
	return f.with(methodRegister, body{"Region": f.cfg.Region, "AuthToken": token, "Node": node})
}

func (f forms) heartbeat(token, status string) body {
	return f.with(methodStatus, body{
		"Region": f.cfg.Region, "NodeID": f.cfg.NodeID, "AuthToken": token, "Status": status,
	})
}

// allocs is the query for allocations: from the leader the first time, then stale and
// blocking.
func (f forms) allocs(token string, index uint64) body {
	return f.with(methodAllocs, body{
		"Region": f.cfg.Region, "NodeID": f.cfg.NodeID, "SecretID": f.cfg.SecretID, "AuthToken": token,
		"AllowStale": index > 0, "MinQueryIndex": index, "MaxQueryTime": time.Duration(0),
	})
}

// IsRead reports whether a request is one that changes nothing: it has the options of a
// query.
func (b body) IsRead() bool { _, ok := b["MinQueryIndex"]; return ok }

// longestBlock is how long a blocking query waits that does not say so.
const longestBlock = 300 * time.Second

// block is how long a request may be kept waiting.
func (b body) block() time.Duration {
	if index, _ := b["MinQueryIndex"].(uint64); index == 0 {
		return 0
	}
	if most, _ := b["MaxQueryTime"].(time.Duration); most > 0 {
		return most
	}
	return longestBlock
}

// shortened is the request with the time to block that is left.
func (b body) shortened(left time.Duration) body {
	b = maps.Clone(b)
	b["MaxQueryTime"] = max(left, 0)
	return b
}

// isRead reports whether arguments of a call are those of a read.
func isRead(args any) bool {
	switch v := args.(type) {
	case interface{ IsRead() bool }:
		return v.IsRead()
	case map[string]any:
		return body(v).IsRead()
	default:
		return false
	}
}
