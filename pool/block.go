package pool

import (
	"reflect"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// BlockTime is how long args ask a server to hold the call until something changes, 300 s
// at most; zero if they are no blocking query. Nomad's arguments ask by a MinQueryIndex
// above zero and a MaxQueryTime (see Fields), without which a server holds a query for its
// 300 s; others may have a method TimeToBlock() time.Duration.
func BlockTime(args any) time.Duration {
	if a, ok := args.(interface{ TimeToBlock() time.Duration }); ok && !isNil(args) {
		if block := timeToBlock(a); block > 0 {
			return min(block, session.LongestBlock)
		}
	}
	f := fieldsOf(args, fieldTime+1)
	if f.MinQueryIndex == 0 {
		return 0
	}
	if f.MaxQueryTime > 0 {
		return min(f.MaxQueryTime, session.LongestBlock)
	}
	return session.LongestBlock
}

// timeToBlock is a.TimeToBlock(); zero where that panics, as a method does that is promoted
// from an embedded nil pointer. Such arguments can be sent.
func timeToBlock(a interface{ TimeToBlock() time.Duration }) time.Duration {
	defer func() { _ = recover() }()
	return a.TimeToBlock()
}

// isNil reports whether args is a nil pointer: it can be sent, and its methods may panic.
func isNil(args any) bool {
	v := reflect.ValueOf(args)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// Shortened is a copy of the arguments of a blocking query that asks to be blocked for block
// at most, for a query that is sent again. args is never written to; the copy shares the
// values that args refers to. ok is false if the time cannot be changed: there is no
// MaxQueryTime, or it is of another type.
func Shortened(args any, block time.Duration) (short any, ok bool) {
	name := fieldNames[fieldTime]
	if raw, ok, err := asRaw(args); ok {
		raw, ok = wire.WithInteger(raw, name, int64(block))
		return raw, ok && err == nil
	}
	v := pointed(reflect.ValueOf(args))
	switch v.Kind() {
	case reflect.Map:
		return mapWith(v, name, block)
	case reflect.Struct:
		dup, ok := structWith(v, queries.Of(v.Type())[fieldTime], block)
		if ok && reflect.TypeOf(args).Kind() != reflect.Pointer {
			dup = dup.Elem()
		}
		if ok {
			return dup.Interface(), true
		}
	}
	return nil, false
}

// mapWith is a copy of a map with block under name.
func mapWith(m reflect.Value, name string, block time.Duration) (any, bool) {
	t := m.Type()
	if !reflect.TypeFor[string]().ConvertibleTo(t.Key()) || m.IsNil() {
		return nil, false
	}
	dup := reflect.MakeMapWithSize(t, m.Len()+1)
	key := reflect.ValueOf(name).Convert(t.Key())
	for entry := m.MapRange(); entry.Next(); {
		if k := pointed(entry.Key()); k.Kind() == reflect.String && k.String() == name {
			key = entry.Key()
		}
		dup.SetMapIndex(entry.Key(), entry.Value())
	}
	value := reflect.New(t.Elem()).Elem()
	if !setTime(value, block) {
		return nil, false
	}
	dup.SetMapIndex(key, value)
	return dup.Interface(), true
}

// structWith is a pointer to a copy of a struct with block in the field at index.
func structWith(v reflect.Value, index []int, block time.Duration) (dup reflect.Value, ok bool) {
	if index == nil {
		return dup, false
	}
	dup = reflect.New(v.Type())
	dup.Elem().Set(v)
	at := dup.Elem()
	for _, i := range index {
		if at.Kind() == reflect.Pointer { // it is the caller's: copy the embedded struct
			if at.IsNil() || !at.CanSet() {
				return dup, false
			}
			part := reflect.New(at.Type().Elem())
			part.Elem().Set(at.Elem())
			at.Set(part)
			at = part.Elem()
		}
		at = at.Field(i)
	}
	return dup, at.CanSet() && setTime(at, block)
}

// setTime sets v to block, if it is an integer of 64 bits or an interface without methods.
func setTime(v reflect.Value, block time.Duration) bool {
	switch v.Kind() {
	case reflect.Int64:
		v.SetInt(int64(block))
	case reflect.Uint64:
		v.SetUint(uint64(max(block, 0)))
	case reflect.Pointer:
		to := reflect.New(v.Type().Elem())
		if !setTime(to.Elem(), block) {
			return false
		}
		v.Set(to)
	case reflect.Interface:
		if v.NumMethod() > 0 {
			return false
		}
		v.Set(reflect.ValueOf(int64(block)))
	default:
		return false
	}
	return true
}
