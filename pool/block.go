package pool

import (
	"maps"
	"reflect"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// BlockTime is how long args ask a server to hold the call until there is news,
// 300 s at most; zero if they are no blocking query. They say it as Nomad's do, in what
// Fields reads: by a MinQueryIndex above zero and MaxQueryTime, without which a server
// holds a query for its 300 s; or by a method TimeToBlock() time.Duration.
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

// timeToBlock is what the method says; zero where it panics, as one does that is
// promoted from an embedded pointer that is nil. Such arguments can be sent.
func timeToBlock(a interface{ TimeToBlock() time.Duration }) time.Duration {
	defer func() { _ = recover() }()
	return a.TimeToBlock()
}

// isNil reports whether args is a nil pointer: it can be sent, and its methods may panic.
func isNil(args any) bool {
	v := reflect.ValueOf(args)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

// Shortened is a copy of the arguments of a blocking query that asks to be held for
// block at most, for a query that is sent again. The caller's own are never written to;
// what else they refer to is shared. ok is false for arguments whose time cannot be
// changed: they have no MaxQueryTime, or one of another type.
func Shortened(args any, block time.Duration) (short any, ok bool) {
	name := fieldNames[fieldTime]
	switch args := args.(type) {
	case map[string]any:
		if args == nil {
			return nil, false
		}
		args = maps.Clone(args)
		args[name] = int64(block)
		return args, true
	case Raw:
		raw, ok := wire.WithInteger(args, name, int64(block))
		return Raw(raw), ok
	case *Raw:
		if args == nil {
			return nil, false
		}
		return Shortened(*args, block)
	}
	v := pointed(reflect.ValueOf(args))
	switch v.Kind() {
	case reflect.Map:
		return mapWith(v, name, block)
	case reflect.Struct:
		dup, ok := structWith(v, queries.of(v.Type())[fieldTime], block)
		if ok && reflect.TypeOf(args).Kind() != reflect.Pointer {
			dup = dup.Elem()
		}
		if ok {
			return dup.Interface(), true
		}
	}
	return nil, false
}

// mapWith is a copy of a map in which name has a time.
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

// structWith is a pointer to a copy of a struct in which the field at index has a time.
func structWith(v reflect.Value, index []int, block time.Duration) (dup reflect.Value, ok bool) {
	if index == nil {
		return dup, false
	}
	dup = reflect.New(v.Type())
	dup.Elem().Set(v)
	at := dup.Elem()
	for _, i := range index {
		if at.Kind() == reflect.Pointer { // an embedded pointer is the caller's: copy what it points to
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

// setTime puts a time where an integer of 64 bits goes, or anything.
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
