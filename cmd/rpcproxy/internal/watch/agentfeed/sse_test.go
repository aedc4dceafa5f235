package agentfeed

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestEventsAreReadAsTheyAreDefined(t *testing.T) {
	for in, want := range map[string][]string{
		"event: state\ndata: {}\n\n":                                {"state {}"},
		"retry: 1000\n\nevent: state\nid: 7\ndata:x\n\ndata: y\n\n": {"state x", "message y"},
		": a comment\n\ndata: a\ndata: b\n\n":                       {"message a\nb"},
		"event: state\r\ndata: x\r\n\r\n":                           {"state x"},
		"event: lonely\n\ndata: z\n\n":                              {"message z"},
		"data: cut off\n":                                           nil,
		"data\n\n":                                                  {"message "},
		"":                                                          nil,
	} {
		r := newReader(strings.NewReader(in))
		var got []string
		for {
			e, err := r.next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Errorf("%q: %v", in, err)
				}
				break
			}
			got = append(got, e.name+" "+string(e.data))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// endless yields the same byte for ever.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// comments are lines for ever.
type comments struct{ sent int }

func (c *comments) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = "data: 012345678\n"[c.sent%16]
		c.sent++
	}
	return len(b), nil
}

func TestWhatDoesNotEndIsCutOff(t *testing.T) {
	for name, in := range map[string]io.Reader{
		"a line":   io.MultiReader(strings.NewReader("data: "), endless('x')),
		"an event": new(comments),
		"no line":  endless(0),
	} {
		if _, err := newReader(in).next(); !errors.Is(err, errTooLong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	for _, in := range []string{"HTTP/1.1 200 OK\n\n", "<html>\n", "evil: x\n", "\x00\n", "Event: state\n"} {
		if e, err := newReader(strings.NewReader(in)).next(); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%q: %+v, %v", in, e, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add("event: state\nid: 1\ndata: {\"snapshot\":{}}\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		r := newReader(strings.NewReader(in))
		total := 0
		for {
			e, err := r.next()
			if err != nil {
				return
			}
			if total += len(e.data); total > len(in) {
				t.Fatalf("%d bytes came of %d", total, len(in))
			}
			_, _ = decodeState(e.data)
		}
	})
}

func TestOnlyTheStateOfAnAgentIsOne(t *testing.T) {
	const good = `{"snapshot":{"at":"2026-11-29T14:00:00Z","servers":[]},"decisions":[{"seq":1,"cause":"[{\"{["}]}`
	if s, err := decodeState([]byte(good)); err != nil || len(s.Decisions) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	for text, says := range map[string]string{
		"":                                "something else",
		"null":                            "something else",
		"{}":                              "something else",
		"[]":                              "something else",
		`{"snapshot":{}}`:                 "something else",
		`{"snapshot":{"at":"yesterday"}}`: "something else",
		good + "x":                        "something else",
		`{"decisions":[` + strings.Repeat("{},", maxObjects) + `{}]}`:                "more than the state",
		`{"decisions":` + strings.Repeat("[", maxObjects):                            "more than the state",
		`{"snapshot":{"at":"2026-11-29T14:00:00Z","servers":null}}`:                  "something else",
		`{"snapshot":{"at":"2026-11-29T14:00:00Z","servers":[{"rtt":{"p50":"x"}}]}}`: "something else",
	} {
		if s, err := decodeState([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60q: %+v, %v, want %q", text, s, err, says)
		}
	}
	if n := objects([]byte(`{"a":"{[\"{","b":[{}]}`)); n != 3 {
		t.Errorf("%d objects", n)
	}
}
