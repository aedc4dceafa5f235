package main

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"regexp"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil"
)

// substitutes has what stands now in the place of values in a recorded request.
type substitutes struct {
	region string
	texts  map[string]string // IDs and identities, by the recorded ones
	index  map[float64]uint64
}

func newSubstitutes(region string) *substitutes {
	return &substitutes{region: region, texts: map[string]string{}, index: map[float64]uint64{}}
}

// goldenRegion is the region of the recordings.
const goldenRegion = "global"

var uuid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	h := hex.EncodeToString(b[:])
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// learn notes the identities and indexes of an answer.
func (s *substitutes) learn(recorded, got any) {
	switch recorded := recorded.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for k, v := range recorded {
			s.learn(v, g[k])
			want, wasText := v.(string)
			have, isText := g[k].(string)
			if k == "SignedIdentity" && wasText && isText {
				s.texts[want] = have
			}
			if number, ok := v.(float64); ok && k == "Index" {
				switch index := g[k].(type) {
				case int64:
					s.index[number] = uint64(index)
				case uint64:
					s.index[number] = index
				}
			}
		}
	case []any:
		g, _ := got.([]any)
		for i := range min(len(recorded), len(g)) {
			s.learn(recorded[i], g[i])
		}
	}
}

// request is a message of the client as it is sent now: the recorded bytes, but for
// the values that have a substitute.
func (s *substitutes) request(m *testutil.TranscriptMessage) ([]byte, error) {
	out := bytes.Clone(m.Bytes)
	var failed error
	swap := func(key string, old, fresh any) {
		before, err := encode(key, old)
		after, err2 := encode(key, fresh)
		if failed = firstOf(failed, err, err2); failed == nil {
			out = bytes.ReplaceAll(out, before, after)
		}
	}
	var walk func(key string, v any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(k, e)
			}
		case []any:
			for _, e := range v {
				walk("", e)
			}
		case string:
			if s.texts[v] == "" && uuid.MatchString(v) {
				s.texts[v] = newUUID()
			}
			if fresh := s.texts[v]; fresh != "" {
				swap("", v, fresh)
			}
			if key == "Region" && v == goldenRegion {
				swap(key, v, s.region)
			}
		case float64:
			if fresh, ok := s.index[v]; ok && key == "MinQueryIndex" {
				swap(key, uint64(v), fresh)
			}
		}
	}
	walk("", m.Value)
	return out, failed
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// encode returns a key, unless it is empty, and a value.
func encode(key string, v any) (out []byte, err error) {
	if key != "" {
		if err := codec.NewEncoderBytes(&out, handle).Encode(key); err != nil {
			return nil, err
		}
	}
	var encoded []byte
	err = codec.NewEncoderBytes(&encoded, handle).Encode(v)
	return append(out, encoded...), err
}
