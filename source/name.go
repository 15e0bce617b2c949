package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"landwaiter.dev/image"
)

// The forms of an image's name.
const (
	formRegistry      = "registry"
	formDockerArchive = "docker-archive"
	formOCIArchive    = "oci-archive"
	formAnyArchive    = "archive" // a bare path to a file: its content decides
	formLayout        = "oci-dir"
	formSkopeoDir     = "dir"
	formSBOM          = "sbom"
)

// defaultRegistry is that of a name that has none.
const defaultRegistry = "docker.io"

// imageName is a name taken apart.
type imageName struct {
	form      string
	reference image.Reference // formRegistry
	path, tag string          // everything else; tag may be empty
}

// parseName looks at the disk only to tell where a path ends and a tag begins, and for bare names.
func parseName(name string) (imageName, error) {
	prefix, rest, ok := strings.Cut(name, ":")
	if ok {
		switch prefix {
		case formDockerArchive, formOCIArchive, formLayout:
			path, tag, err := splitPath(rest)
			return imageName{form: prefix, path: path, tag: tag}, err
		case formSkopeoDir, formSBOM:
			_, err := os.Stat(rest)
			return imageName{form: prefix, path: rest}, noSuchPath(rest, err)
		case "docker":
			if strings.HasPrefix(rest, "//") {
				return imageName{}, fail(CodeInvalidReference, "write the registry's image without docker://, as %.200q", strings.TrimLeft(rest, "/"))
			}
			return imageName{}, fail(CodeUnsupported, "images of a running engine are not supported yet: "+
				"save it with `docker save` and give the file, or name it with its registry (docker.io/…)")
		}
	}
	if n, ok, err := parseBarePath(name); ok || err != nil {
		return n, err
	}
	r, err := image.ParseReference(name)
	if err != nil {
		return imageName{}, fail(CodeInvalidReference, "%w, or a path to an image on disk", err)
	}
	if isFileName(name) && r.Registry == defaultRegistry && !strings.HasPrefix(name, defaultRegistry+"/") {
		_, err := os.Stat(name)
		return imageName{}, noSuchPath(name, err)
	}
	return imageName{form: formRegistry, reference: r}, nil
}

// isFileName says whether a name without a registry is meant as that of an archive: a file that is missing is not looked
// for at a registry.
func isFileName(name string) bool {
	return slices.ContainsFunc([]string{".tar", ".tar.gz", ".tgz", ".tar.zst"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// parseBarePath recognises an existing path by its content. A directory that happens to be called like an image and holds
// none does not count, unless the name can only be a path.
func parseBarePath(name string) (imageName, bool, error) {
	onlyPath := strings.HasPrefix(name, "/") || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || name == "." || name == ".."
	path, tag := name, ""
	info, err := os.Stat(name)
	if err != nil {
		if !onlyPath {
			return imageName{}, false, nil
		}
		if path, tag, err = splitPath(name); err != nil {
			return imageName{}, true, err
		}
		if info, err = os.Stat(path); err != nil {
			return imageName{}, true, noSuchPath(path, err)
		}
	}
	switch {
	case info.Mode().IsRegular() && tag == "" && isSBOM(path):
		return imageName{form: formSBOM, path: path}, true, nil
	case !info.IsDir():
		return imageName{form: formAnyArchive, path: path, tag: tag}, true, nil
	case exists(path, "index.json") || exists(path, "oci-layout"):
		return imageName{form: formLayout, path: path, tag: tag}, true, nil
	case exists(path, "manifest.json"):
		return imageName{form: formSkopeoDir, path: path}, true, nil
	case onlyPath:
		return imageName{}, true, fail(CodeNotAnImage, "the directory holds no image: an OCI layout has index.json, skopeo's form has manifest.json")
	default:
		return imageName{}, false, nil
	}
}

// splitPath splits PATH[:TAG] where the longest existing path ends. Tags may hold colons, paths may too.
func splitPath(s string) (path, tag string, err error) {
	first := error(nil)
	for end := len(s); end > 0; end = strings.LastIndexByte(s[:end], ':') {
		if _, err := os.Stat(s[:end]); err == nil {
			return s[:end], strings.TrimPrefix(s[end:], ":"), nil
		} else if first == nil {
			first = err
		}
	}
	if first == nil {
		first = fs.ErrNotExist
	}
	return "", "", noSuchPath(s, first)
}

func noSuchPath(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case path == "":
		return fail(CodeInvalidReference, "the path is missing after the colon")
	case errors.Is(err, fs.ErrNotExist):
		return fail(CodeNotFound, "there is no file or directory %.200q", path)
	default:
		return fail(CodeNotFound, "%.200q cannot be opened: %w", path, err)
	}
}

func exists(dir, name string) bool {
	_, err := os.Lstat(filepath.Join(dir, name))
	return err == nil
}
