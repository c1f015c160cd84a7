# jobenv
