package main

import (
	"net/netip"
	"strings"
	"time"
)

// legible replaces the bytes of IP addresses and times by text. What is one the name of its
// field says, and its form: so a field looks the same whatever its value is.
func legible(field string, v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = legible(field, v[i])
		}
	case map[string]any:
		member := isMember(v)
		for name, of := range v {
			if addr, ok := addrOf(of); ok && member && name == "Addr" {
				v[name] = addr
				continue
			}
			v[name] = legible(name, of)
		}
	case []byte:
		return legible(field, string(v))
	case string:
		if at, ok := timeOf(v); ok && isTime(field) {
			return at
		}
		if addr, ok := addrOf(v); ok && isAddr(field) && strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }) {
			return addr
		}
	}
	return v
}

// isMember reports whether an object is a member as Status.Members lists them: its Addr is
// the bytes of an IP address, even where they could be text.
func isMember(v map[string]any) bool {
	for _, name := range []string{"Addr", "Port", "Tags", "Status"} {
		if _, has := v[name]; !has {
			return false
		}
	}
	return true
}

// isTime reports whether a field of that name may be a time.
func isTime(field string) bool {
	for _, end := range []string{"Time", "At", "By", "On", "Timestamp", "Date", "Established", "Until", "Since", "Start", "Restart", "Deadline", "Times"} {
		if strings.HasSuffix(field, end) {
			return true
		}
	}
	return false
}

// isAddr reports whether a field of that name may be an IP address.
func isAddr(field string) bool {
	for _, end := range []string{"IP", "IPs", "Addr", "Addrs", "Address", "Addresses"} {
		if strings.HasSuffix(field, end) {
			return true
		}
	}
	return false
}

// timeOf reads a time as Go writes it to bytes: 15, or 16 with a zone of odd seconds, the
// first of which is a version.
func timeOf(text string) (string, bool) {
	if len(text) != 15 && len(text) != 16 {
		return "", false
	}
	var at time.Time
	if at.UnmarshalBinary([]byte(text)) != nil {
		return "", false
	}
	return at.UTC().Format(time.RFC3339Nano), true //nolint:forbidigo // it is to be shown
}

// addrOf reads the 4 or 16 bytes of an IP address.
func addrOf(v any) (string, bool) {
	var raw []byte
	switch v := v.(type) {
	case string:
		raw = []byte(v)
	case []byte:
		raw = v
	}
	addr, ok := netip.AddrFromSlice(raw)
	return addr.Unmap().String(), ok
}
