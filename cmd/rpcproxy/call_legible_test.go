package main

import (
	"strings"
	"testing"
	"time"
)

// bytesOf is a time as servers send it.
func bytesOf(t *testing.T, at time.Time) string {
	t.Helper()
	raw, err := at.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestAddressesAndTimesAreTextByTheirFields(t *testing.T) {
	at := bytesOf(t, time.Date(2026, 11, 29, 12, 0, 0, 5, time.FixedZone("", 3600)))
	member := func(addr string) map[string]any {
		return map[string]any{"Addr": addr, "Port": 4648, "Status": "alive", "Tags": map[string]any{}}
	}
	for _, c := range []struct {
		given any
		want  string
		raw   string
	}{
		{map[string]any{"CreateTime": at}, `{"CreateTime":"2026-11-29T11:00:00.000000005Z"}`, `{"CreateTime":"AQAAAA7infywAAAABQA8"}`},
		{map[string]any{"CreateTime": bytesOf(t, time.Time{})}, `{"CreateTime":"0001-01-01T00:00:00Z"}`, `{"CreateTime":"AQAAAAAAAAAAAAAAAP//"}`},
		{map[string]any{"Payload": at[:14] + "\xff"}, `{"Payload":"AQAAAA7infywAAAABQD/"}`, `{"Payload":"AQAAAA7infywAAAABQD/"}`},
		{member("\x0a\x00\x00\x01"), `{"Addr":"10.0.0.1","Port":4648,"Status":"alive","Tags":{}}`, `{"Addr":"\n\u0000\u0000\u0001","Port":4648,"Status":"alive","Tags":{}}`},
		{member("0123"), `{"Addr":"48.49.50.51","Port":4648,"Status":"alive","Tags":{}}`, `{"Addr":"0123","Port":4648,"Status":"alive","Tags":{}}`},
		{member(strings.Repeat("\x00", 10) + "\xff\xff\xc0\xa8\x00\x01"), `{"Addr":"192.168.0.1","Port":4648,"Status":"alive","Tags":{}}`, `{"Addr":"AAAAAAAAAAAAAP//wKgAAQ==","Port":4648,"Status":"alive","Tags":{}}`},
		{map[string]any{"IP": []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}, `{"IP":"2001:db8::1"}`, `{"IP":"IAENuAAAAAAAAAAAAAAAAQ=="}`},
		{map[string]any{"Addr": "host", "Address": "10.123.1.1:46470"}, `{"Addr":"host","Address":"10.123.1.1:46470"}`, `{"Addr":"host","Address":"10.123.1.1:46470"}`},
		{[]any{map[string]any{"Addrs": []any{"\x7f\x00\x00\x01"}}}, `[{"Addrs":["127.0.0.1"]}]`, `[{"Addrs":["\u007f\u0000\u0000\u0001"]}]`},
		{"\x0a\x00\x00\x01", `"\n\u0000\u0000\u0001"`, `"\n\u0000\u0000\u0001"`},
	} {
		for raw, want := range map[bool]string{true: c.raw, false: c.want} {
			var b strings.Builder
			if err := printReply(&b, copied(c.given), raw); err != nil {
				t.Fatal(err)
			}
			if got := compact(t, b.String()); got != want {
				t.Errorf("raw %v: %s, want %s", raw, got, want)
			}
		}
	}
}

func TestMembersAreShownWithTheirAddresses(t *testing.T) {
	c := startCluster(t)
	out, errs, status := call(t, c, "Status.Members")
	expect(t, status, exitOK, out, errs)
	if strings.Count(out, `"Addr": "127.0.0.1"`) != 3 {
		t.Errorf("%s", out)
	}
	out, errs, status = call(t, c, "Status.Members", "--raw")
	expect(t, status, exitOK, out, errs)
	if strings.Count(out, `"Addr": "AAAAAAAAAAAAAP//fwAAAQ=="`) != 3 {
		t.Errorf("%s", out)
	}
}

// copied is a deep copy of what a reply can be.
func copied(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = copied(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for name := range v {
			out[name] = copied(v[name])
		}
		return out
	}
	return v
}
