"""Which role may read and write at which URL: one row for each URL name, none missing, none too many."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Who(Enum):
    """The least that a visitor needs; `test_access` says what others get."""

    ANYONE = "signed in or not"
    SIGNED_IN = "signed in"
    VIEWER = "members"
    EDITOR = "editors and owners"
    OWNER = "owners"
    SELF = "the user it belongs to"
    EDITS_SOMEWHERE = "editors and owners of any team"
    FOUNDER = "owners of the first team"
    NO_ONE = "405: no such method"


@dataclass(frozen=True)
class Row:
    read: Who = Who.NO_ONE
    write: Who = Who.NO_ONE


MEMBERS_READ = Row(read=Who.VIEWER)
EDITORS_WRITE = Row(write=Who.EDITOR)
#: A form on its own page, which only editors see.
EDITORS_FORM = Row(read=Who.EDITOR, write=Who.EDITOR)
#: A page that every member reads and editors change.
EDITORS_PAGE = Row(read=Who.VIEWER, write=Who.EDITOR)
OWNERS_FORM = Row(read=Who.OWNER, write=Who.OWNER)
OWNERS_WRITE = Row(write=Who.OWNER)

ROWS = {
    "healthz": Row(read=Who.ANYONE),
    "readyz": Row(read=Who.ANYONE),
    "sign_in": Row(read=Who.ANYONE, write=Who.ANYONE),
    "invitation": Row(read=Who.ANYONE, write=Who.ANYONE),
    "openid_connect_login": Row(read=Who.ANYONE),
    "openid_connect_callback": Row(read=Who.ANYONE),
    # The user's own
    "account": Row(read=Who.SIGNED_IN, write=Who.SIGNED_IN),
    "session_end": Row(write=Who.SELF),
    "sessions_end_others": Row(write=Who.SIGNED_IN),
    # Teams
    "team_create": Row(read=Who.FOUNDER, write=Who.FOUNDER),
    "team_choose": Row(write=Who.SIGNED_IN),
    "team_page": MEMBERS_READ,
    "team_rename": OWNERS_WRITE,
    "team_storage": MEMBERS_READ,
    "trash_empty": OWNERS_WRITE,
    "team_leave": Row(write=Who.VIEWER),
    "team_invite": OWNERS_WRITE,
    "team_activity": MEMBERS_READ,
    "team_second_factor": OWNERS_FORM,
    "member_role": OWNERS_WRITE,
    "member_remove": OWNERS_WRITE,
    "invitation_resend": OWNERS_WRITE,
    "invitation_revoke": OWNERS_WRITE,
    # Projects
    "project_list": Row(read=Who.SIGNED_IN),
    "project_create": Row(read=Who.EDITS_SOMEWHERE, write=Who.EDITS_SOMEWHERE),
    "storyboard": MEMBERS_READ,
    "project_edit": EDITORS_FORM,
    "project_style": EDITORS_FORM,
    "project_duplicate": EDITORS_WRITE,
    "project_delete": EDITORS_WRITE,
    "project_restore": EDITORS_WRITE,
    "script_import": EDITORS_FORM,
    "scenes_csv": MEMBERS_READ,
    "scenes_fountain": MEMBERS_READ,
    "undo_entry": EDITORS_WRITE,
    "preset_pictures": Row(read=Who.SIGNED_IN),
    # Scenes
    "scene_create": EDITORS_FORM,
    "scene_page": EDITORS_PAGE,
    "scene_autosave": EDITORS_WRITE,
    "scene_menu": Row(read=Who.EDITOR),
    "scene_card": MEMBERS_READ,
    "scene_card_edit": EDITORS_FORM,
    "scene_move": EDITORS_WRITE,
    "scene_duplicate": EDITORS_WRITE,
    "scene_delete": EDITORS_WRITE,
    "scene_restore": EDITORS_WRITE,
    # Frames and references
    "scene_picture_add": EDITORS_WRITE,
    "project_picture_add": EDITORS_WRITE,
    "picture_file": MEMBERS_READ,
    "picture_fit": EDITORS_WRITE,
    "picture_remove": EDITORS_WRITE,
    "picture_restore": EDITORS_WRITE,
    "scene_picture_make": EDITORS_FORM,
    "project_picture_make": EDITORS_FORM,
    "pictures_panel": MEMBERS_READ,
    "frame_preview": MEMBERS_READ,
    "take_frame": EDITORS_WRITE,
    "scene_chain": EDITORS_WRITE,
    "project_chain": EDITORS_WRITE,
    # Takes
    "generate": EDITORS_WRITE,
    "generate_missing": EDITORS_WRITE,
    "project_generate": EDITORS_FORM,
    "take_cancel": EDITORS_WRITE,
    "take_select": EDITORS_WRITE,
    "takes_select": EDITORS_WRITE,
    "take_note": EDITORS_WRITE,
    "take_delete": EDITORS_WRITE,
    "take_remote_delete": EDITORS_WRITE,
    "take_restore": EDITORS_WRITE,
    "take_rework": EDITORS_FORM,
    "take_strip": MEMBERS_READ,
    "take_resolve": EDITORS_PAGE,
    "take_dismiss": EDITORS_WRITE,
    "images_resolve": EDITORS_WRITE,
    "images_cancel": EDITORS_WRITE,
    "images_dismiss": EDITORS_WRITE,
    "compare": MEMBERS_READ,
    "scene_player": MEMBERS_READ,
    "scene_panel": MEMBERS_READ,
    "take_poster": MEMBERS_READ,
    "take_filmstrip": MEMBERS_READ,
    "take_clip": MEMBERS_READ,
    "take_slated_clip": MEMBERS_READ,
    "clips_zip": MEMBERS_READ,
    "project_stream": MEMBERS_READ,
    "scene_stream": MEMBERS_READ,
    # Views of a storyboard
    "table": MEMBERS_READ,
    "table_paste": EDITORS_WRITE,
    "scenes_bulk": EDITORS_WRITE,
    "scene_row": MEMBERS_READ,
    "scene_cell": EDITORS_WRITE,
    "animatic": MEMBERS_READ,
    "storyboard_print": MEMBERS_READ,
    # Models and prompts
    "project_model": EDITORS_WRITE,
    "model_comparison": MEMBERS_READ,
    "model_switch": EDITORS_WRITE,
    "prompt_preview": Row(write=Who.VIEWER),  # a form too long for a query string; nothing is stored
    "custom_prompt": EDITORS_WRITE,
    "prompt_templates": MEMBERS_READ,
    "prompt_template": EDITORS_PAGE,
    "prompt_template_preview": EDITORS_WRITE,
    "prompt_template_reset": EDITORS_WRITE,
    # Money, queue, connections
    "project_budget": Row(read=Who.VIEWER, write=Who.OWNER),
    "team_budget": Row(read=Who.VIEWER, write=Who.OWNER),
    "costs": Row(read=Who.SIGNED_IN),
    "queue": Row(read=Who.SIGNED_IN),
    "recovery_seen": Row(write=Who.SIGNED_IN),
    "team_connections": MEMBERS_READ,
    "connection_add": OWNERS_FORM,
    "connection_edit": OWNERS_FORM,
    "connection_switch": OWNERS_WRITE,
    "connection_move": OWNERS_WRITE,
    "connection_remove": OWNERS_WRITE,
    "connection_restore": OWNERS_WRITE,
    "team_connection_test": EDITORS_WRITE,
    "connections": Row(read=Who.SIGNED_IN),
    "connection_test": Row(write=Who.EDITS_SOMEWHERE),
}
