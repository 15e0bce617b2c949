package problem

import "landwaiter.dev/engine"

// LegacyCode is one of the error codes that clients of /v1 know from detail.error_codes.
type LegacyCode struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// LegacyCodes lists them, as GET /system/error_codes does.
var LegacyCodes = []LegacyCode{
	{"REGISTRY_PERMISSION_DENIED", "The registry did not accept the credentials stored for it, or asks for some and none are stored"},
	{"REGISTRY_IMAGE_NOT_FOUND", "The registry answered, and has no such repository, tag or digest"},
	{"REGISTRY_NOT_ACCESSIBLE", "The registry could not be reached"},
	{"REGISTRY_NOT_SUPPORTED", "The registry, or the form of what it serves, is not supported"},
	{"SKOPEO_UNKNOWN_ERROR", "An image could not be fetched for a reason that has no code of its own"},
	{"UNKNOWN", "A failure without a code of its own"},
	{"FEED_SYNC_ALREADY_IN_PROGRESS", "A feed sync is running; try again when it has ended"},
	{"OSARCH_MISMATCH", "The image has no variant for the operating system and architecture asked for"},
}

// legacy maps our stable codes to those.
var legacy = map[string]string{
	"unauthorised":     "REGISTRY_PERMISSION_DENIED",
	"image_not_found":  "REGISTRY_IMAGE_NOT_FOUND",
	"unreachable":      "REGISTRY_NOT_ACCESSIBLE",
	"unsupported":      "REGISTRY_NOT_SUPPORTED",
	"not_an_image":     "REGISTRY_NOT_SUPPORTED",
	"digest_mismatch":  "SKOPEO_UNKNOWN_ERROR",
	"sync_running":     "FEED_SYNC_ALREADY_IN_PROGRESS",
	"no_such_platform": "OSARCH_MISMATCH",
}

// legacyCodes gives the codes of a refusal. Those of a registry go with refusals of a request alone: an image that is
// not known here is no failure of a registry.
func legacyCodes(e *engine.Error) []string {
	code, ok := legacy[e.Code]
	switch {
	case !ok:
	case e.Class == engine.ClassInvalid, e.Class == engine.ClassRefused, e.Class == engine.ClassUnavailable,
		e.Code == "sync_running":
		return []string{code}
	}
	return []string{}
}
