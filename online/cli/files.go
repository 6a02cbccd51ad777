package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFile writes a file whole or not at all. It never overwrites: a file of
// that name with the same content is as good, any other is an error.
func writeFile(path string, content []byte) error {
	before, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(before, content):
		return nil
	case err == nil:
		return fmt.Errorf("%s is there already, with other content: move it away or choose another name", path)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return replaceFile(path, content)
}

// replaceFile writes a file whole or not at all, in the place of one that may be
// there.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // 0600
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return b, nil
}
