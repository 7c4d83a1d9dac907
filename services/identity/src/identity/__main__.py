"""``python -m identity web | seed | publish-key | sign-with-new-key | retire-old-key``."""

from skald.roles import main

main(
    {
        "web": "identity.app:web",
        "seed": "identity.seed:run",
        "publish-key": "identity.rotation:publish_key",
        "sign-with-new-key": "identity.rotation:sign_with_new_key",
        "retire-old-key": "identity.rotation:retire_old_key",
    }
)
