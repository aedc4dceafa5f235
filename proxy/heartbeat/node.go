package heartbeat

import "reflect"

// Node has the fields that servers need of a node. An agent with more fields gives
// Config.Node a type of its own. The field names are those on the wire.
type Node struct {
	ID         string // a UUID of 36 characters, the node's for ever
	SecretID   string // the same, known to the node and the servers only
	Name       string
	Datacenter string
	NodePool   string // empty: "default"
	NodeClass  string

	// Attributes need at least one entry. Servers sign an identity for a node whose
	// "nomad.version" is 1.11 or later, and reach one of 0.8 or later.
	Attributes map[string]string
	Meta       map[string]string
}

// stringField is the string in the field of a struct, or under the key of a map, also
// behind pointers; empty if there is none.
func stringField(node any, name string) string {
	v := reflect.ValueOf(node)
	for range 4 { // a pointer may point to itself
		if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
	}
	switch {
	case v.Kind() == reflect.Struct:
		if f, ok := v.Type().FieldByName(name); ok && f.IsExported() {
			if v, err := v.FieldByIndexErr(f.Index); err == nil {
				return stringOf(v)
			}
		}
	case v.Kind() == reflect.Map && v.Type().Key().Kind() == reflect.String:
		return stringOf(v.MapIndex(reflect.ValueOf(name).Convert(v.Type().Key())))
	}
	return ""
}

// stringOf is the string v, or the one in the interface v; else empty.
func stringOf(v reflect.Value) string {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}

// isNode reports whether a value can be a node: a struct or a map with string keys,
// or a pointer to one.
func isNode(node any) bool {
	v := reflect.ValueOf(node)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		return true
	case reflect.Map:
		return !v.IsNil() && v.Type().Key().Kind() == reflect.String
	}
	return false
}
