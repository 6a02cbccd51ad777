package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// Limits of one canonical encoding, checked before anything is allocated for
// its contents. They bound the memory that the decoder may take beyond the
// bytes themselves: at most maxItems Go values.
const (
	maxDepth    = 12      // arrays and maps inside each other
	maxElements = 16_384  // elements of one array, pairs of one map
	maxItems    = 131_072 // data items in all
)

// codec holds the immutable modes of the CBOR library. They are stricter than
// its defaults, but not strict enough alone: non-minimal integers and unsorted
// keys would still pass. checkCanonical and the comparison in Unmarshal close that.
var codec = newCodec()

type modes struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newCodec() modes {
	encoding := cbor.CoreDetEncOptions()
	encoding.NilContainers = cbor.NilContainerAsEmpty
	encoding.TagsMd = cbor.TagsForbidden
	enc, err := encoding.EncMode()
	if err != nil {
		panic("wire: internal error: encoding mode: " + err.Error())
	}
	dec, err := cbor.DecOptions{
		DupMapKey:          cbor.DupMapKeyEnforcedAPF,
		IndefLength:        cbor.IndefLengthForbidden,
		TagsMd:             cbor.TagsForbidden,
		ExtraReturnErrors:  cbor.ExtraDecErrorUnknownField,
		MaxNestedLevels:    maxDepth,
		MaxArrayElements:   maxElements,
		MaxMapPairs:        maxElements,
		FieldNameMatching:  cbor.FieldNameMatchingCaseSensitive,
		MapKeyByteString:   cbor.MapKeyByteStringForbidden,
		BinaryUnmarshaler:  cbor.BinaryUnmarshalerNone,
		UTF8:               cbor.UTF8RejectInvalid,
		ByteStringToString: cbor.ByteStringToStringForbidden,
	}.DecMode()
	if err != nil {
		panic("wire: internal error: decoding mode: " + err.Error())
	}
	return modes{enc: enc, dec: dec}
}

// Marshal encodes v in the core deterministic encoding of RFC 8949 section
// 4.2.1. A nil slice is an empty one. It refuses what Unmarshal would refuse:
// floats, tags, null, simple values other than false and true, text that is not
// UTF-8, and structures beyond the package's limits.
func Marshal(v any) ([]byte, error) {
	b, err := codec.enc.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("wire: encoding %T: %w", v, err)
	}
	if err := checkCanonical(b); err != nil {
		return nil, fmt.Errorf("wire: encoding %T: %w", v, err)
	}
	return b, nil
}

// Unmarshal decodes the one data item b, of at most max bytes, into the value
// that v points to. It refuses everything but the very bytes that Marshal would
// have produced for the result: no unknown, missing or duplicate keys, no
// trailing bytes, no longer form of a number, no indefinite lengths, floats,
// tags or null. On error, v is untouched.
func Unmarshal(b []byte, v any, max int) error {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("wire: decoding: target %T is not a pointer to a value", v)
	}
	if len(b) > max {
		return fmt.Errorf("wire: decoding %T: %d bytes are more than the limit of %d", v, len(b), max)
	}
	if err := checkCanonical(b); err != nil {
		return fmt.Errorf("wire: decoding %T: %w", v, err)
	}
	fresh := reflect.New(target.Type().Elem())
	if err := codec.dec.Unmarshal(b, fresh.Interface()); err != nil {
		return fmt.Errorf("wire: decoding %T: %w", v, err)
	}
	again, err := codec.enc.Marshal(fresh.Interface())
	if err != nil {
		return fmt.Errorf("wire: decoding %T: encoding again: %w", v, err)
	}
	if !bytes.Equal(b, again) {
		return fmt.Errorf("wire: decoding %T: %w", v, errNotCanonical)
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

var errNotCanonical = errors.New("not the canonical encoding of its contents (missing or misplaced fields, or a wrong length)")
