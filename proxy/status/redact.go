package status

import (
	"reflect"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// withoutTokens is a value that is about to be shown, without what is secret by its form in any of
// its texts: errors of servers, and addresses where a token was given by mistake. What is
// shared with others is copied. It is for values of package proxy: plain structs, lists of
// these, and maps of numbers.
func withoutTokens[T any](v T) T {
	clean(reflect.ValueOf(&v).Elem())
	return v
}

// clean cleans what v has, which can be set.
func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(printable.WithoutTokens(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() { // others are of package time
				clean(f)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			clean(own.Elem())
			v.Set(own)
		}
	case reflect.Slice:
		if !v.IsNil() {
			own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(own, v)
			for i := range own.Len() {
				clean(own.Index(i))
			}
			v.Set(own)
		}
	}
}
