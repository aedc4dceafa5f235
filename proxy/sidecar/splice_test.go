package sidecar

import (
	"bytes"
	"slices"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/testutil"
)

// own is the address that agents are told.
const own = "127.0.0.1:4746"

// msgpack is v as Nomad's servers write it.
func msgpack(t testing.TB, v any) pool.Raw {
	t.Helper()
	var b []byte
	if err := codec.NewEncoderBytes(&b, new(codec.MsgpackHandle)).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b
}

// entries are the servers that an answer names, at each place where it has a list of them.
func entries(reply pool.Raw) (all []string) {
	for key, value := range accept.Pairs(reply) {
		if string(key) == keyServers {
			for item := range accept.Items(value) {
				all = append(all, serverInfo(item).RPCAdvertiseAddr)
			}
		}
	}
	return all
}

func TestOddAnswersToHeartbeats(t *testing.T) {
	server := map[string]any{"RPCAdvertiseAddr": "10.0.0.1:4647", "Datacenter": "dc9", "RPCMajorVersion": 1, "Other": []int{1}}
	twice := slices.Concat(pool.Raw{0x82}, msgpack(t, keyServers), msgpack(t, []any{server}), msgpack(t, keyServers), msgpack(t, []any{server, server}))
	for name, row := range map[string]struct {
		reply pool.Raw
		want  []string // the servers that the agent is told of; nil: the bytes stay
	}{
		"a list":                  {msgpack(t, map[string]any{"A": 1, keyServers: []any{server, server}, "Z": "z"}), []string{own}},
		"an empty list":           {msgpack(t, map[string]any{keyServers: []any{}}), []string{own}},
		"nil":                     {msgpack(t, map[string]any{keyServers: nil}), []string{own}},
		"a number":                {msgpack(t, map[string]any{keyServers: 7}), []string{own}},
		"entries of another form": {msgpack(t, map[string]any{keyServers: []any{1, "x", nil}}), []string{own}},
		"an entry without a name": {msgpack(t, map[string]any{keyServers: []any{map[string]any{"Datacenter": "x"}}}), []string{own}},
		"twice":                   {twice, []string{own, own}},
		"no list":                 {msgpack(t, map[string]any{"NumNodes": 3}), nil},
		"an array":                {msgpack(t, []any{keyServers, []any{server}}), nil},
		"an empty map":            {pool.Raw{0x80}, nil},
		"a text":                  {msgpack(t, keyServers), nil},
		"nothing":                 {nil, nil},
		"half a map":              {pool.Raw{0x82, 0xa1, 'x'}, nil},
	} {
		got := withServer(row.reply, own)
		if row.want == nil {
			if !bytes.Equal(got, row.reply) {
				t.Errorf("%s: %x became %x", name, row.reply, got)
			}
			continue
		}
		if names := entries(got); !slices.Equal(names, row.want) {
			t.Errorf("%s: %x names %q, want %q", name, got, names, row.want)
		}
		if kept := withServer(row.reply, ""); !bytes.Equal(kept, row.reply) {
			t.Errorf("%s: without an address %x became %x", name, row.reply, kept)
		}
	}
	var got struct {
		Servers []struct {
			RPCAdvertiseAddr, Datacenter string
			RPCMajorVersion              int
			Other                        []int
		}
	}
	reply := withServer(msgpack(t, map[string]any{keyServers: []any{server}}), own)
	if err := codec.NewDecoderBytes(reply, new(codec.MsgpackHandle)).Decode(&got); err != nil || len(got.Servers) != 1 {
		t.Fatal(err, got)
	}
	if e := got.Servers[0]; e.RPCAdvertiseAddr != own || e.Datacenter != "dc9" || e.RPCMajorVersion != 1 || len(e.Other) != 1 {
		t.Errorf("%+v: all but the address is to be that of the first server", e)
	}
}

// FuzzHeartbeatAnswer checks that nothing but the list of servers changes in an answer.
func FuzzHeartbeatAnswer(f *testing.F) {
	for _, name := range []string{"register_heartbeat", "real_client_agent"} {
		recorded, err := testutil.LoadGolden(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, x := range recorded.Exchanges() {
			f.Add([]byte(x.ResponseBody))
		}
	}
	f.Add([]byte{0x81, 0xa7, 'S', 'e', 'r', 'v', 'e', 'r', 's', 0xc0})
	f.Fuzz(func(t *testing.T, reply []byte) {
		before := bytes.Clone(reply)
		u, named := update(reply)
		got := withServer(reply, own)
		if !bytes.Equal(reply, before) {
			t.Fatal("the answer itself was changed")
		}
		if bytes.Equal(got, reply) {
			return
		}
		if !named || len(u.Servers) > maxServers {
			t.Fatalf("%x names no servers (%d), and became %x", reply, len(u.Servers), got)
		}
		type pair struct{ key, value string }
		read := func(b pool.Raw) (all []pair, size int) {
			for key, value := range accept.Pairs(b) {
				all = append(all, pair{string(key), string(value)})
			}
			return all, len(b)
		}
		was, _ := read(reply)
		is, _ := read(got)
		if len(was) != len(is) {
			t.Fatalf("%x has %d pairs, %x has %d", reply, len(was), got, len(is))
		}
		for i := range was {
			switch {
			case was[i].key != is[i].key:
				t.Fatalf("key %q became %q", was[i].key, is[i].key)
			case was[i].key == keyServers:
				if names := entries(append(append(pool.Raw{0x81}, accept.AppendText(nil, keyServers)...), is[i].value...)); len(names) != 1 || names[0] != own {
					t.Fatalf("%x names %q", is[i].value, names)
				}
			case was[i] != is[i]:
				t.Fatalf("%q became %q", was[i], is[i])
			}
		}
	})
}
